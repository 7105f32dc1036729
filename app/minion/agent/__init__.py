"""The agent: one conversation with a model, with tools, budgets, gates and a strict end. Pure but for its ports."""
