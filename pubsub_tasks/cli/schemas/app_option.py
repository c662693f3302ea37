"""The option that names the app."""

import click

app_option = click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="The app that has the schemas, as for pubsub-worker."
)
