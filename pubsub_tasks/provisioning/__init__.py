"""Plans and creates the AWS resources that an application needs."""
