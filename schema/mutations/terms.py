"""Publishing terms."""

import strawberry

from billing import terms
from billing.tables import ConsentUsage, KeyScope
from schema.context import Info
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, left_in, mutation, produced
from schema.nouns import Terms
from schema.reads import described
from schema.reads.reading import reference


@described_input
class PublishTermsInput:
    """A text that customers are to agree to."""

    slug: str = strawberry.field(description="Names the text across its versions: lower-case words joined by hyphens.")
    locale: str = strawberry.field(default="en", description="Of the text: en, fr-CA.")
    title: str = strawberry.field(description="For a person.")
    usage: ConsentUsage = strawberry.field(description="What kind of payments it permits.")
    permission: str = strawberry.field(description="The permission to start a payment, or a series of them.")
    timing: str = strawberry.field(description="The expected frequency and timing.")
    amount_determination: str = strawberry.field(description="How the amount is determined.")
    cancellation_policy: str | None = strawberry.field(
        default=strawberry.UNSET, description="Required where usage is RECURRING."
    )


@described
class PublishTermsPayload(Payload):
    """What came of publishTerms."""

    terms: Terms | None = produced("The published version.")


@strawberry.type
class TermsMutations:
    """What can be done with them."""

    @mutation(
        PublishTermsPayload,
        "Publishes a text. A change is a new version; the same text again is the version that stands.",
        scope=KeyScope.ADMIN,
        errors="TermsIncomplete InvalidInput",
    )
    async def publish_terms(self, info: Info, input: PublishTermsInput) -> PublishTermsPayload:
        runtime = info.context.runtime
        async with runtime.database.transaction() as session:
            published = await terms.publish(
                session,
                acting(info),
                slug=input.slug,
                locale=input.locale,
                title=input.title,
                usage=input.usage,
                permission=input.permission,
                timing=input.timing,
                amount_determination=input.amount_determination,
                cancellation_policy=left_in(input.cancellation_policy),
                now=runtime.clock(),
            )
        return PublishTermsPayload(terms=reference(published.id))
