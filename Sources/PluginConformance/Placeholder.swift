enum PluginConformancePlaceholder {}
