"""The state machine between the plan and the wire: exactly one outcome for each probe."""
