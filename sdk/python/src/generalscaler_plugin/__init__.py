"""Write GeneralScaler metric plugins in Python.

A plugin is a config class, a function that returns the value, and ``plugin.run()``. See ``Plugin``.
"""

from .config import Config, ConfigError, Problem, Secret, field
from .errors import PluginError
from .plugin import Plugin
from .reading import Reading, Window
from .serving import Request

__all__ = [
    "Config", "ConfigError", "Plugin", "PluginError", "Problem", "Reading", "Request", "Secret", "Window", "field",
]
__version__ = "0.1.0"
