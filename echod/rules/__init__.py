"""The rules: functions of values. Nothing here may import Twisted, read or write anything, or wait."""
