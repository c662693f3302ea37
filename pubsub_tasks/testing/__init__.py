"""The testing kit for applications: a virtual clock. `Delivery.for_test` creates a delivery.

No other module of the package imports it.
"""
