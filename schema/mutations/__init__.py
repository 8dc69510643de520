"""Mutations: each translates its input, calls one function of the domain, and names what the payload shows."""

import strawberry

from schema.mutations.adoption import AdoptionMutations
from schema.mutations.catalogue import CatalogueMutations
from schema.mutations.consents import ConsentMutations
from schema.mutations.customers import CustomerMutations
from schema.mutations.disputes import DisputeMutations
from schema.mutations.payment_methods import PaymentMethodMutations
from schema.mutations.payments import PaymentMutations
from schema.mutations.setup_sessions import SetupSessionMutations
from schema.mutations.stripe_events import StripeEventMutations
from schema.mutations.subscription_changes import SubscriptionChangeMutations
from schema.mutations.subscription_life import SubscriptionLifeMutations
from schema.mutations.subscriptions import SubscriptionMutations
from schema.mutations.terms import TermsMutations


@strawberry.type(
    description="Expected failures are data: select `error { __typename message }` and name the types that you handle."
)
class Mutation(
    TermsMutations,
    ConsentMutations,
    CustomerMutations,
    SetupSessionMutations,
    PaymentMethodMutations,
    PaymentMutations,
    CatalogueMutations,
    SubscriptionMutations,
    SubscriptionChangeMutations,
    SubscriptionLifeMutations,
    AdoptionMutations,
    DisputeMutations,
    StripeEventMutations,
):
    """The root of mutations."""
