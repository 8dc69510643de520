"""The domain of Assent, in the words that code, schema and documents share.

Terms             An immutable text with the four clauses that Stripe asks for; a change is a new version.
Consent           What one customer agreed to: terms, scope, evidence. Granted and revoked in a hash chain, the ledger.
Customer          A person or company of the merchant's, known by an external id here and by `cus_...` at Stripe.
Setup session     A Checkout Session in setup mode: the hosted page on which a customer saves a method.
Payment method    A saved card or Amazon Pay account, usable until it expires, is detached, or its mandate ends.
Product, price    The catalogue at Stripe, mirrored.
Subscription      A recurring sale run by Stripe Billing; managed when Assent holds it to a consent.
Invoice, payment  What Stripe billed, and the PaymentIntent behind it.
Operation         One mutation that calls Stripe: reserved, sent, recorded.
Event             What Stripe told us: stored first, applied afterwards.
"""
