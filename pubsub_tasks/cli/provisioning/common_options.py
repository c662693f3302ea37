"""Options that the provisioning commands share."""

import click

app_option = click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="The app that has the tasks, as for pubsub-worker."
)
prefix_option = click.option(
    "--prefix",
    metavar="TEXT",
    help="Beginning of the names of topics and queues; the configured one by default.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
