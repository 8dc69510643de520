"""Publishing terms."""

import strawberry

from billing import terms
from billing.tables import KeyScope
from schema.context import Info
from schema.enums import ConsentUsage
from schema.mutations.plumbing import Payload, left_in, made, mutation
from schema.terms import Terms


@strawberry.input(description="A text that customers are to agree to.")
class PublishTermsInput:
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


@strawberry.type(description="What came of publishTerms.")
class PublishTermsPayload(Payload):
    terms: Terms | None = made(Terms, "The published version.")


@strawberry.type
class TermsMutations:
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
                info.context.caller,
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
        return PublishTermsPayload(made={"terms": published.id})
