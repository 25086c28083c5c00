{{- /* The reference of a plugin's image. */}}
{{- define "generalscaler.pluginImage" -}}
{{- .image }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* The mount path of the volume of a plugin's image. Not in /opt, which every plugin may read. */}}
{{- define "generalscaler.pluginMount" -}}
/var/lib/generalscaler/plugins/{{ .name }}
{{- end }}

{{- /* The path of the image's directory that contains the plugin. A copy contains only that directory. */}}
{{- define "generalscaler.pluginRoot" -}}
{{- include "generalscaler.pluginMount" . }}
{{- if eq (default "copy" .mount) "imageVolume" }}{{ default "/" .directory | clean | trimSuffix "/" }}{{ end }}
{{- end }}

{{- /* The paths in plugins.yaml of a plugin from an image. */}}
{{- define "generalscaler.pluginEntry" -}}
{{- $root := include "generalscaler.pluginRoot" . }}
{{- $argv := list }}
{{- with .interpreter }}
{{- $argv = append $argv (printf "%s/%s" $root .) }}
{{- end }}
{{- $argv = append $argv (printf "%s/%s" $root (default (printf "generalscaler-plugin-%s" .name) .program)) }}
{{- $entry := dict "argv" (concat $argv (default list .args)) "readPaths" (list $root) }}
{{- with .sha256 }}
{{- $entry = set $entry "sha256" . }}
{{- end }}
{{- toYaml $entry }}
{{- end }}

{{- /* Whether the chart writes plugins.yaml. */}}
{{- define "generalscaler.writesPluginsConfig" -}}
{{- if and (or .Values.plugins.config .Values.plugins.images .Values.kubernetesPlugin.enabled) (not .Values.plugins.existingSecret) }}true{{ end }}
{{- end }}

{{- /* plugins.yaml: plugins.config, and the entries generated from plugins.images and kubernetesPlugin. */}}
{{- define "generalscaler.pluginsConfig" -}}
{{- $config := deepCopy (default dict .Values.plugins.config) }}
{{- range .Values.plugins.images }}
{{- $own := default dict (get $config .name) }}
{{- $entry := include "generalscaler.pluginEntry" . | fromYaml }}
{{- $entry = set $entry "readPaths" (concat $entry.readPaths (default list $own.readPaths)) }}
{{- $config = set $config .name (merge $entry $own) }}
{{- end }}
{{- if .Values.kubernetesPlugin.enabled }}
{{- $own := default dict (get $config "kubernetes") }}
{{- $entry := include "generalscaler.kubernetesEntry" . | fromYaml }}
{{- $entry = set $entry "readPaths" (concat $entry.readPaths (default list $own.readPaths)) }}
{{- $config = set $config "kubernetes" (merge $entry $own) }}
{{- end }}
{{- dict "plugins" $config | toYaml }}
{{- end }}

{{- /* Arguments that make the operator find plugins by their file names, for which plugins.yaml needs no entry. */}}
{{- define "generalscaler.pluginDirectories" -}}
{{- $directories := list }}
{{- range .Values.extraPlugins }}
{{- $directories = append $directories (include "generalscaler.pluginDirectory" .) }}
{{- end }}
{{- if .Values.plugins.existingSecret }}
{{- range .Values.plugins.images }}
{{- $directories = append $directories (include "generalscaler.pluginRoot" .) }}
{{- end }}
{{- end }}
{{- if $directories }}
# Setting a directory replaces the default, the directory of the built-in plugins.
- --plugin-dir=/opt/generalscaler/bin
{{- range $directories }}
- --plugin-dir={{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Plugins whose files are copied from their image. */}}
{{- define "generalscaler.copiedPlugins" -}}
{{- $copied := list }}
{{- range .Values.plugins.images }}
{{- if eq (default "copy" .mount) "copy" }}
{{- $copied = append $copied . }}
{{- end }}
{{- end }}
{{- toYaml $copied }}
{{- end }}

{{- /* No program of a plugin's image runs here: the copier comes from the operator's image, because a plugin's image may
    not contain cp. */}}
{{- define "generalscaler.copyContainers" -}}
{{- with include "generalscaler.copiedPlugins" . | fromYamlArray }}
- name: plugins-copier
  image: {{ include "generalscaler.image" $ }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  command: [cp, /opt/generalscaler/bin/generalscaler-copy, /generalscaler-copier/]
  resources:
    {{- toYaml $.Values.resources | nindent 4 }}
  securityContext:
    {{- toYaml $.Values.securityContext | nindent 4 }}
  volumeMounts:
    - name: plugins-copier
      mountPath: /generalscaler-copier
{{- range . }}
- name: plugin-{{ .name }}
  image: {{ include "generalscaler.pluginImage" . }}
  imagePullPolicy: {{ default "IfNotPresent" .pullPolicy }}
  command:
    - /generalscaler-copier/generalscaler-copy
    - --size-limit
    - {{ default "256Mi" .sizeLimit | quote }}
    - /
    - {{ default "/" .directory }}
    - /generalscaler-plugin
  resources:
    {{- toYaml $.Values.resources | nindent 4 }}
  securityContext:
    {{- toYaml $.Values.securityContext | nindent 4 }}
  volumeMounts:
    - name: plugins-copier
      mountPath: /generalscaler-copier
      readOnly: true
    - name: plugin-{{ .name }}
      mountPath: /generalscaler-plugin
{{- end }}
{{- end }}
{{- end }}

{{- define "generalscaler.imageVolumes" -}}
{{- if include "generalscaler.copiedPlugins" . | fromYamlArray }}
- name: plugins-copier
  emptyDir:
    sizeLimit: 16Mi
{{- end }}
{{- range .Values.plugins.images }}
- name: plugin-{{ .name }}
  {{- if eq (default "copy" .mount) "imageVolume" }}
  image:
    reference: {{ include "generalscaler.pluginImage" . }}
    pullPolicy: {{ default "IfNotPresent" .pullPolicy }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ default "256Mi" .sizeLimit | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "generalscaler.imageMounts" -}}
{{- range .Values.plugins.images }}
- name: plugin-{{ .name }}
  mountPath: {{ include "generalscaler.pluginMount" . }}
  readOnly: true
{{- end }}
{{- end }}

{{- /* Rules for plugins.images that the schema of the values cannot express. */}}
{{- define "generalscaler.checkPluginImages" -}}
{{- $names := list }}
{{- range .Values.extraPlugins }}
{{- $names = append $names .name }}
{{- end }}
{{- range $index, $plugin := .Values.plugins.images }}
{{- $path := printf "plugins.images[%d]" $index }}
{{- if has .name ($.Files.Get "files/plugins.yaml" | fromYamlArray) }}
{{- fail (printf "%s: a plugin %s is included in the operator: choose another name" $path .name) }}
{{- end }}
{{- if has .name $names }}
{{- fail (printf "%s: an earlier entry or one of extraPlugins has the name %s too: give each plugin a unique name" $path .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- if contains "@" .image }}
{{- fail (printf "%s.image is %q: set %s.digest to the part after the @" $path .image $path) }}
{{- end }}
{{- range list "directory" "program" "interpreter" }}
{{- if regexMatch "(^|/)[.][.]?(/|$)" (default "" (get $plugin .)) }}
{{- fail (printf "%s.%s is %q: remove the segments . and .." $path . (get $plugin .)) }}
{{- end }}
{{- end }}
{{- if and .interpreter .sha256 }}
{{- fail (printf "%s has interpreter and sha256, which would be compared with the interpreter: remove sha256, and set %s.digest, which pins every file of the image" $path $path) }}
{{- end }}
{{- if eq (default "copy" .mount) "imageVolume" }}
{{- if .sizeLimit }}
{{- fail (printf "%s.sizeLimit limits the size of a copy, but mount: imageVolume does not copy the image: remove it" $path) }}
{{- end }}
{{- if semverCompare "<1.31-0" $.Capabilities.KubeVersion.Version }}
{{- fail (printf "%s.mount is imageVolume, which Kubernetes %s does not support: remove it, so that the image is copied" $path $.Capabilities.KubeVersion.Version) }}
{{- end }}
{{- end }}
{{- include "generalscaler.checkPluginEntry" (list $path . $.Values.plugins) }}
{{- end }}
{{- end }}

{{- /* Every field of a plugin's entry in plugins.yaml is set in one place. */}}
{{- define "generalscaler.checkPluginEntry" -}}
{{- $path := index . 0 }}
{{- $plugin := index . 1 }}
{{- $plugins := index . 2 }}
{{- $own := default dict (get (default dict $plugins.config) $plugin.name) }}
{{- if $own.argv }}
{{- fail (printf "plugins.config.%s.argv and %s are both set: remove argv, and set program, interpreter and args of %s" $plugin.name $path $path) }}
{{- end }}
{{- if and $own.sha256 $plugin.sha256 }}
{{- fail (printf "plugins.config.%s.sha256 and %s.sha256 are both set: remove one of them" $plugin.name $path) }}
{{- end }}
{{- if $plugins.existingSecret }}
{{- range list "program" "interpreter" "args" "sha256" }}
{{- if get $plugin . }}
{{- fail (printf "%s.%s must be set in plugins.yaml of the Secret %s: remove program, interpreter, args and sha256 here, and add to the Secret, under plugins:\n%s" $path . $plugins.existingSecret (dict $plugin.name (include "generalscaler.pluginEntry" $plugin | fromYaml) | toYaml)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
