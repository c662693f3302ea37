from setuptools import find_packages, setup

PLUGIN = "pytest_pubsub_tasks"  # apart from the package, which pytest need not import to load the plugin

setup(
    packages=[*find_packages(include=["pubsub_tasks*"], exclude=["pubsub_tasks.testing.plugin"]), PLUGIN],
    package_dir={PLUGIN: "pubsub_tasks/testing/plugin"},
)
