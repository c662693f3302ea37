"""What commands print: lines, tables, content, progress bars and interrupts."""
