"""Topic and Subscription."""


class Topic:
    pass


class Subscription:
    pass
