"""The authorities that the operator trusts in place of the usual ones."""

import os
import ssl
from pathlib import Path

from logocache.errors import SettingsError
from logocache.input_files import read_input

MAX_BYTES = 10_000_000
"""All public authorities together have 300 kB."""


def named_authorities() -> ssl.SSLContext | None:
    """The context that trusts those in the file SSL_CERT_FILE; None when the variable names none.

    Raises:
        SettingsError: the file cannot be used. Found out here, before anything is asked.
    """
    name = os.environ.get("SSL_CERT_FILE")
    if not name:
        return None
    try:
        read_input(Path(name), most=MAX_BYTES)
        return ssl.create_default_context(cafile=name)
    except OSError as error:  # ssl.SSLError is one: there is no certificate in it
        reason = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(
            f"SSL_CERT_FILE names {name}, which cannot be used ({reason})",
            hint="name a file of certificates in PEM, or unset it",
        ) from error
