"""Do the reasons that `why` gives hold?"""
