"""Questions put to a slot's own processes, whatever the target: is it ready, is every process warm, what is the app like?"""
