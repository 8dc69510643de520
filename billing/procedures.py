"""Every procedure by its mutation: what the sweep needs to continue what a crash left behind."""

from billing import catalogue, customers, disputes, payment_methods, payments, renewals, setup_sessions, subscriptions

PROCEDURES = {
    procedure.mutation: procedure
    for procedure in (
        customers.CREATE,
        customers.UPDATE,
        catalogue.CREATE_PRODUCT,
        catalogue.UPDATE_PRODUCT,
        catalogue.CREATE_PRICE,
        catalogue.UPDATE_PRICE,
        setup_sessions.CREATE,
        setup_sessions.EXPIRE,
        payment_methods.SET_DEFAULT,
        payment_methods.DETACH,
        payments.CHARGE,
        payments.GIVE_UP,
        payments.REFUND,
        payments.PAY,
        subscriptions.CREATE,
        subscriptions.UPDATE,
        subscriptions.CANCEL,
        subscriptions.REACTIVATE,
        subscriptions.PAUSE,
        subscriptions.RESUME,
        renewals.ADOPT,
        renewals.HOLD,
        renewals.REFUND,
        renewals.RELEASE,
        renewals.STOP,
        renewals.RESUME,
        disputes.SUBMIT,
    )
}
