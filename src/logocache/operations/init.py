"""`init`: create directory and schema, register the catalogue, fetch what is due."""

from collections.abc import Sequence

from logocache.operations.commit import Committer
from logocache.operations.context import Context
from logocache.operations.garbage import register
from logocache.operations.recovery import Recovery
from logocache.operations.refresh import FetchRun, RunRequest, disabled_report, due_filter
from logocache.ports import Progress
from logocache.results import FetchReport


class Init:
    """See `LogoCache.init`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, keys: Sequence[str], *, force: bool, adopt: bool, progress: Progress) -> FetchReport:
        context = self._context
        if not context.settings.enabled:
            return disabled_report(context, "init")
        context.store.prepare()
        context.repository.migrate()
        context.identity.establish(adopt=adopt)
        registration = register(context, context.catalog.integrations)
        if Recovery(context).run(beside_others=adopt):
            Committer(context).enforce_limit()
        due = due_filter(context, context.names.keys(keys), forced=force)
        return FetchRun(context).run(RunRequest(command="init", due=due, added=registration.added), progress)
