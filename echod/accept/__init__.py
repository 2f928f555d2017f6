"""Who is let in, and which protocol gets the bytes: admission, refusals, the gate."""
