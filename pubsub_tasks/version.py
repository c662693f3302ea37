"""The version of this package, without a look into its installed metadata, which takes milliseconds."""

VERSION = "0.1.0"
