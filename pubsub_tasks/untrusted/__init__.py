"""What comes from outside made safe: errors, names, hosts and text."""
