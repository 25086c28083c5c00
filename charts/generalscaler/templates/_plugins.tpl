{{- /* The path of the executable of an extra plugin. */}}
{{- define "generalscaler.pluginDirectory" -}}
/opt/generalscaler/plugins/{{ .name }}
{{- with .image }}{{ with .directory }}/{{ trimPrefix "/" . }}{{ end }}{{ end }}
{{- end }}

{{- /* An init container copies its plugin into a volume that the operator mounts. */}}
{{- define "generalscaler.initContainers" -}}
{{- $containers := list }}
{{- range .Values.extraPlugins }}
{{- if .initContainer }}
{{- $containers = append $containers . }}
{{- end }}
{{- end }}
{{- $copying := include "generalscaler.copyContainers" . }}
{{- if or $copying $containers }}
initContainers:
  {{- $copying | nindent 2 }}
  {{- range $containers }}
  - name: plugin-{{ .name }}
    image: {{ .initContainer.image }}
    {{- with .initContainer.command }}
    command:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .initContainer.args }}
    args:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      {{- toYaml (default $.Values.resources .initContainer.resources) | nindent 6 }}
    securityContext:
      {{- toYaml $.Values.securityContext | nindent 6 }}
    volumeMounts:
      - name: plugin-{{ .name }}
        mountPath: /plugin
  {{- end }}
{{- end }}
{{- end }}

{{- define "generalscaler.pluginVolumes" -}}
{{- range .Values.extraPlugins }}
- name: plugin-{{ .name }}
  {{- if .image }}
  image:
    reference: {{ .image.reference }}
    pullPolicy: {{ default "IfNotPresent" .image.pullPolicy }}
  {{- else if .configMap }}
  configMap:
    name: {{ .configMap.name }}
    items:
      - key: {{ .configMap.key }}
        path: generalscaler-plugin-{{ .name }}
        mode: 0555
  {{- else }}
  emptyDir:
    sizeLimit: {{ default "256Mi" .initContainer.sizeLimit }}
  {{- end }}
{{- end }}
{{- end }}
