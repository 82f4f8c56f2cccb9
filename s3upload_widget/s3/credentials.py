"""The boto3 sessions behind clients: the credentials they find, and whether those are outdated."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from boto3.session import Session as BotoSession
    from botocore.session import Session

logger = logging.getLogger("s3upload_widget")

_GIVEN: Final = "explicit"
"""How botocore names credentials that were arguments of a session."""


def default_session() -> BotoSession | None:
    """The session that boto3 makes for its first client; None before."""
    import boto3  # noqa: PLC0415

    return boto3.DEFAULT_SESSION


def like(session: BotoSession | None) -> BotoSession:
    """A session of the same profile and region that looks for credentials again.

    boto3's default session keeps the first credentials it found, even expired ones. Credentials that
    were given to it are found nowhere else: such a session stays as it is.
    """
    import boto3  # noqa: PLC0415

    if session is None:
        return boto3.Session()
    if getattr(session.get_credentials(), "method", "") == _GIVEN:
        return session
    chosen = session._session.instance_variables()  # noqa: SLF001  boto3 keeps it to itself
    return boto3.Session(profile_name=chosen.get("profile"), region_name=chosen.get("region"))


def is_outdated(held: Any, session: BotoSession | None) -> bool:
    """Whether a session would find other credentials by now, and nothing renews those in use."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    if held is None or hasattr(held, "_expiry_time"):
        return False
    try:
        found = like(session).get_credentials()
        return bool(found and found.get_frozen_credentials() != held.get_frozen_credentials())
    except BotoCoreError as error:  # what is in use may be good; if not, S3 says so
        logger.debug("no other credentials can be had: %s", type(error).__name__)
        return False


def live_session(user: Any, credentials: Any) -> Session:
    """A session that finds these credentials, whatever the environment holds."""
    from botocore.credentials import CredentialProvider, CredentialResolver  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    class LiveCredentials(CredentialProvider):
        METHOD = "s3upload_widget"

        def load(self) -> Any:
            return credentials

    session = Session()
    if session.profile not in {None, *session.available_profiles}:
        # The user's client was made of another one, and must not fail because of what it never used.
        session = Session(session_vars={"profile": (None, None, None, None)})
    session.register_component("credential_provider", CredentialResolver([LiveCredentials()]))
    if hasattr(user, "_loader"):  # it has read S3's model already, which takes a while
        session.register_component("data_loader", user._loader)  # noqa: SLF001
    return session
