"""What a source sent: a logo, or a picture that stands for none."""

from dataclasses import replace

from logocache.model import Integration, OutcomeKind, PlaceholderProof
from logocache.operations.context import Context
from logocache.operations.fetch_log import FetchLog
from logocache.policy.acceptance import is_provider_placeholder
from logocache.policy.attempts import SourceResult
from logocache.ports import Answer, DecodingFailure, ImageRejection, NormalisedImage, Provider

SHARED = "unrelated companies show the same picture"


class Judge:
    """Judges the images of one cache. Safe to use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def image(
        self, answer: Answer, provider: Provider, integration: Integration, log: FetchLog
    ) -> NormalisedImage | SourceResult:
        """Decode the body; return the image, or the result if it is not a usable logo."""
        terms = provider.terms
        placeholder = SourceResult(
            provider=terms.id, kind=OutcomeKind.PLACEHOLDER, reason=f"the provider placeholder of {terms.id}"
        )
        if is_provider_placeholder(answer.body, None, terms):
            return placeholder
        is_own = integration.file is not None
        image = self._context.images().normalise(answer.body, deadline=log.deadline, is_believed=is_own)
        if isinstance(image, DecodingFailure):
            log.gave_up = True
            return SourceResult(provider=terms.id, kind=OutcomeKind.ERROR, reason=image.reason)
        if isinstance(image, ImageRejection):
            kind = OutcomeKind.PLACEHOLDER if image.is_blank else OutcomeKind.INVALID_IMAGE
            return SourceResult(provider=terms.id, kind=kind, reason=image.reason)
        known = self._context.default_icons()
        icon = known.find(answer.url, answer.body, image.look) if terms.uses_network else None
        if icon is not None and not icon.stands_for(integration):
            log.is_doubted |= image.sha256 == log.stored
            return replace(placeholder, reason=f"the default icon of {icon.name}")
        if is_provider_placeholder(answer.body, image.source, terms):
            return placeholder
        proof = self._proof(image.sha256, provider, integration, log)
        if proof is None:
            return image
        if proof is PlaceholderProof.PROVEN:
            return placeholder
        if image.sha256 != log.stored:
            return replace(placeholder, reason=SHARED)
        log.is_doubted = True
        return replace(image, flaw=image.flaw or SHARED)

    def flaw_of_stored(
        self, sha256: str, provider: Provider, integration: Integration, log: FetchLog
    ) -> str | None:
        """Why the stored logo, which its source has confirmed, is a poor one; None if it is not."""
        if self._proof(sha256, provider, integration, log) is None:
            return None
        log.is_doubted = True
        return SHARED

    def _proof(
        self, sha256: str, provider: Provider, integration: Integration, log: FetchLog
    ) -> PlaceholderProof | None:
        return self._context.placeholders().judge(
            sha256, provider, integration, log.fetch, deadline=log.deadline
        )
