"""Reads: the language. Aliases, fragments, variables, directives, ids, pages."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from billing.database import Database
from billing.tables import Customer
from tests import factories as make
from tests.factories import NOW
from tests.schema.conftest import Client, token_of
from tests.schema.worlds import create_world

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


async def test_aliases_fragments_variables_and_directives_work_together(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session, name="Ada")
        for status in ("active", "canceled"):
            await make.create_subscription(session, customer, status=status)
    document = """
    query ($status: [SubscriptionStatus!], $withName: Boolean! = true, $without: Boolean = false) {
      me: viewer {
        __typename
        ...Names
        who: name @include(if: $withName)
        email @skip(if: true)
        stripeId @include(if: $without)
        live: subscriptions(status: $status) { edges { node { status ...Kind } } }
        subscriptions { edges { node { status } } }
      }
    }
    fragment Names on Customer { name ... on Node { id } ... { id } }
    fragment Kind on Node { kind: __typename }
    """
    data = await client.ask(document, token_of(customer), status=["ACTIVE"])
    assert data["me"] == {
        "__typename": "Customer",
        "name": "Ada",
        "id": f"customer_{customer.id}",
        "who": "Ada",
        "live": {"edges": [{"node": {"status": "ACTIVE", "kind": "Subscription"}}]},
        "subscriptions": {"edges": [{"node": {"status": "CANCELED"}}, {"node": {"status": "ACTIVE"}}]},
    }
    less = await client.ask(document, token_of(customer), status=None, withName=False)
    assert "who" not in less["me"]
    assert len(less["me"]["live"]["edges"]) == 2


async def test_one_field_twice_is_merged(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session, name="Ada")
    data = await client.ask("{ viewer { name } viewer { id name } ... { viewer { email } } }", token_of(customer))
    assert data["viewer"] == {"name": "Ada", "id": f"customer_{customer.id}", "email": customer.email}


async def test_deep_selections_go_on_where_a_statement_ends(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        world = await create_world(session)
    document = """query ($id: ID!) { invoice(id: $id) { subscription { latestInvoice { customer { defaultPaymentMethod {
        consent { customer { defaultPaymentMethod { customer { invoices { edges { node { subscription { id } } } } }
    } } } } } } } } }"""
    client.statements.clear()
    data = await client.ask(document, id=world.ids["invoice"])
    method = data["invoice"]["subscription"]["latestInvoice"]["customer"]["defaultPaymentMethod"]
    [edge] = method["consent"]["customer"]["defaultPaymentMethod"]["customer"]["invoices"]["edges"]
    assert edge["node"]["subscription"]["id"] == world.ids["subscription"]
    assert len(client.statements) == (1 if database.dialect == "postgresql" else 3)


async def test_rows_that_are_reached_on_two_ways_are_the_same(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        methods = [await make.create_payment_method(session, customer) for _ in range(3)]
    document = """{ viewer { paymentMethods { edges { node { customer {
        id paymentMethods(first: 2) { edges { node { id } } pageInfo { hasNextPage } }
    } } } } } }"""
    viewer = (await client.ask(document, token_of(customer)))["viewer"]
    newest = [{"node": {"id": f"payment_method_{each.id}"}} for each in (methods[2], methods[1])]
    below = {"id": f"customer_{customer.id}", "paymentMethods": {"edges": newest, "pageInfo": {"hasNextPage": True}}}
    assert [each["node"]["customer"] for each in viewer["paymentMethods"]["edges"]] == [below] * 3


async def test_any_object_is_found_by_its_id_and_by_stripes(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        world = await create_world(session)
    for noun, node in world.ids.items():
        assert (await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=node))["node"] == {"id": node}
        if stripe_id := world.stripe_ids.get(noun):
            found = await client.ask("query ($id: String!) { byStripeId(stripeId: $id) { id } }", id=stripe_id)
            assert found["byStripeId"] == {"id": node}


async def test_nodes_of_all_types_come_in_the_order_asked_for_in_one_statement(
    client: Client, database: Database
) -> None:
    async with database.transaction() as session:
        world = await create_world(session)
    wanted = [*world.ids.values(), f"customer_{uuid4()}", "nonsense", world.ids["customer"], world.ids["payment"]]
    client.statements.clear()
    data = await client.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=wanted)
    assert [each and each["id"] for each in data["nodes"]] == [
        *world.ids.values(),
        None,
        None,
        world.ids["customer"],
        world.ids["payment"],
    ]
    assert len(client.statements) == 1


NOBODY = UUID("01930000-0000-7000-8000-000000000000")
MALFORMED = [
    "",
    "customer",
    "customer_",
    "customer_1",
    "_",
    f"{NOBODY}",
    f"customer_{NOBODY}x",
    f"CUSTOMER_{NOBODY}",
    f"customer_{NOBODY.hex}",
    "customer_%",
    "' or 1=1 --",
    "customer_\u0660" + str(NOBODY)[1:],
    "x" * 5000,
]


@pytest.mark.parametrize("text", MALFORMED)
async def test_an_id_that_is_none_is_nothing(client: Client, database: Database, text: str) -> None:
    async with database.transaction() as session:
        await create_world(session)
    document = """query ($id: ID!, $text: String!) {
        node(id: $id) { id } nodes(ids: [$id]) { id } byStripeId(stripeId: $text) { id } customer(id: $id) { id }
        paymentMethods(customerId: $id) { edges { node { id } } } setupSession(id: $id) { id }
        subscription(id: $id) { id }
        invoice(id: $id) { id } payment(id: $id) { id } price(lookupKey: $text) { id }
        customerByExternalId(externalId: $text) { id }
    }"""
    data = await client.ask(document, id=text, text=text)
    assert data.pop("nodes") == [None]
    assert set(data.values()) == {None}


async def test_the_id_of_one_kind_of_thing_is_none_of_another(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        world = await create_world(session)
    swapped = "payment_" + world.ids["customer"].removeprefix("customer_")
    assert (await client.ask("query ($id: ID!) { payment(id: $id) { id } }", id=world.ids["customer"]))[
        "payment"
    ] is None
    assert (await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=swapped))["node"] is None


async def create_many(database: Database, amount: int) -> Customer:
    """A customer with invoices, of which always three have the same second."""
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        other = await make.create_customer(session)
        for number in range(amount):
            created = NOW + timedelta(seconds=number // 3, microseconds=number // 3)
            await make.create_invoice(session, customer, created_at=created)
            await make.create_invoice(session, other, created_at=created)
    return customer


@pytest.mark.parametrize("size", [1, 4, 7, 20])
async def test_pages_together_are_the_whole_list_and_nothing_twice(
    client: Client, database: Database, size: int
) -> None:
    customer = await create_many(database, 20)
    whole = f"{{ viewer {{ invoices(first: 100) {{ edges {{ cursor node {{ id }} }} {PAGE} }} }} }}"
    everything = (await client.ask(whole, token_of(customer)))["viewer"]["invoices"]
    cursors = [each["cursor"] for each in everything["edges"]]
    assert len(set(cursors)) == 20
    document = f"""query ($after: String, $size: Int) {{
        viewer {{ invoices(first: $size, after: $after) {{ edges {{ cursor node {{ id }} }} {PAGE} }} }}
        invoices(first: $size, after: $after) {{ edges {{ cursor node {{ id }} }} {PAGE} }}
    }}"""
    after, found = None, []
    while True:
        data = await client.ask(document, token_of(customer), after=after, size=size)
        page = data["viewer"]["invoices"]
        assert data["invoices"] == page
        found += page["edges"]
        here = [each["cursor"] for each in page["edges"]]
        assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (here[0], here[-1])
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == everything["edges"]


async def test_a_page_does_not_move_when_something_newer_appears(client: Client, database: Database) -> None:
    customer = await create_many(database, 6)
    document = (
        "query ($after: String) { viewer { invoices(first: 3, after: $after) { edges { cursor node { id } } } } }"
    )
    first = (await client.ask(document, token_of(customer)))["viewer"]["invoices"]["edges"]
    async with database.transaction() as session:
        await make.create_invoice(session, customer, created_at=NOW + timedelta(days=1))
    second = (await client.ask(document, token_of(customer), after=first[-1]["cursor"]))["viewer"]["invoices"]["edges"]
    assert len({each["node"]["id"] for each in first + second}) == 6


async def test_an_empty_page_is_complete(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    asked = f"edges {{ cursor }} {PAGE}"
    document = f"{{ viewer {{ invoices {{ __typename {asked} }} }} invoices {{ {asked} }} }}"
    data = await client.ask(document, token_of(customer))
    nothing = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    empty = {"edges": [], "pageInfo": nothing}
    assert data == {"viewer": {"invoices": {"__typename": "InvoiceConnection", **empty}}, "invoices": empty}


@pytest.mark.parametrize(
    "after", ["", "x", "2026-11-23T18:00:00.000000Z_x", f"2026-99-23T18:00:00.000000Z_{NOBODY}", "🙂"]
)
async def test_a_malformed_cursor_is_the_clients_mistake(client: Client, after: str) -> None:
    document = "query ($after: String) { products(after: $after) { edges { cursor } } }"
    assert await client.refused(document, after=after) == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [-1, 0, 101, 2**31 - 1])
async def test_a_page_has_1_to_100_rows(client: Client, first: int) -> None:
    document = "query ($first: Int) { products(first: $first) { edges { cursor } } }"
    assert await client.refused(document, first=first) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ada", ["Ada", "adam"]),
        ("ADA", ["Ada", "adam"]),
        ("LOVELACE.EXAMPLE", ["Ada"]),
        ("user-7", ["adam"]),
        ("100%", ["100%"]),
        ("%", ["100%"]),
        ("_", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("nobody", []),
        ("", ["100%", "Ada", "a_b", "adam", "back\\slash"]),
    ],
)
async def test_search_looks_for_the_text_itself(
    client: Client, database: Database, search: str, found: list[str]
) -> None:
    async with database.transaction() as session:
        for number, name in enumerate(("100%", "a_b", "back\\slash")):
            await make.create_customer(session, name=name, external_id=f"user-{number}", email=None)
        await make.create_customer(session, name="Ada", external_id="user-3", email="a@lovelace.example")
        await make.create_customer(session, name="adam", external_id="user-7", email=None)
    document = "query ($search: String) { customers(search: $search) { edges { node { name } } } }"
    data = await client.ask(document, search=search)
    assert sorted(each["node"]["name"] for each in data["customers"]["edges"]) == found


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
async def test_a_text_that_cannot_be_stored_is_the_clients_mistake(client: Client, text: str) -> None:
    document = "query ($search: String) { customers(search: $search) { edges { cursor } } }"
    assert await client.refused(document, search=text) == "BAD_USER_INPUT"


FILTERS: list[tuple[str, int]] = [
    ("paymentMethods(type: [AMAZON_PAY])", 1),
    ("paymentMethods(type: [CARD, AMAZON_PAY])", 2),
    ("paymentMethods(type: [OTHER])", 0),
    ("paymentMethods(type: [])", 0),
    ("paymentMethods(status: [USABLE])", 2),
    ("paymentMethods(status: [EXPIRED], type: [CARD])", 0),
    ("consents(status: [ACTIVE, REVOKED])", 1),
    ("consents(status: [EXPIRED])", 0),
    ("subscriptions(status: [ACTIVE])", 1),
    ("subscriptions(status: [OTHER])", 0),
    ("invoices(status: [PAID])", 1),
    ("invoices(status: [OPEN, DRAFT])", 0),
]


@pytest.mark.parametrize(("field", "amount"), FILTERS)
async def test_lists_can_be_narrowed(client: Client, database: Database, field: str, amount: int) -> None:
    async with database.transaction() as session:
        world = await create_world(session)
    data = await client.ask(f"{{ viewer {{ list: {field} {{ edges {{ cursor }} }} }} }}", token_of(world.customer))
    assert len(data["viewer"]["list"]["edges"]) == amount


async def test_products_and_their_prices_can_be_narrowed(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        product = await make.create_product(session)
        await make.create_product(session, active=False)
        await make.create_price(session, product, lookup_key="gold", active=False)
        current = await make.create_price(session, product, lookup_key="gold")
    document = """{
        products(active: true) { edges { node { prices(active: false) { edges { cursor } } } } }
        price(lookupKey: "gold") { id product { id } }
    }"""
    data = await client.ask(document)
    [edge] = data["products"]["edges"]
    assert len(edge["node"]["prices"]["edges"]) == 1
    assert data["price"] == {"id": f"price_{current.id}", "product": {"id": f"product_{product.id}"}}


async def test_events_can_be_narrowed(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        await make.create_stripe_event(session, type="invoice.paid")
        await make.create_stripe_event(session, type="invoice.paid", status="FAILED")
        await make.create_stripe_event(session, type="customer.created")
    document = '{ stripeEvents(status: [APPLIED], type: ["invoice.paid", "x"]) { edges { node { type status } } } }'
    data = await client.ask(document)
    assert data["stripeEvents"]["edges"] == [{"node": {"type": "invoice.paid", "status": "APPLIED"}}]
