"""Loaded at the start where Python is older than 3.13: its TLS contexts are then made as 3.13 makes them."""

import ssl

_create_default_context = ssl.create_default_context


def create_default_context(*args, **kwargs):
    context = _create_default_context(*args, **kwargs)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


ssl.create_default_context = create_default_context
