"""The App's HTTP side: the webhook door, the runners' API, the model gateway and the pages. It decides nothing."""
