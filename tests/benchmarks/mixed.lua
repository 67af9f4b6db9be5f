-- For wrk: asks each path of a file in turn. Its lines: path, tab, ETag to send as If-None-Match (or nothing).
local requests, last = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local path, tag = line:match("^(%S+)\t(.*)$")
    local fields = {["Accept"] = "image/*"}
    if tag ~= "" then fields["If-None-Match"] = tag end
    requests[#requests + 1] = wrk.format("GET", path, fields)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("measured %d %d %d\n", summary.requests, summary.duration, failed))
end
