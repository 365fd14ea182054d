/* Compiles one model after another with OpenVINO's NPU plugin in one process, so that its libraries load once.
   A line of standard input is MODEL, then KEY=VALUE properties, all separated by tabs. The answer to each ends with the
   line "@@ STAGE" (read, compile or ok) and, before it, the last error's text. A crash ends the process: the caller sees
   that and starts another. Built against the C headers of an OpenVINO wheel (resident.py says how it is named), for the
   Windows wheel, whose plugin brings the compiler, with MinGW:
   x86_64-w64-mingw32-gcc -O1 -I openvino/include resident.c openvino/libs/openvino_c.lib -o openvino/libs/resident.exe */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "openvino/c/openvino.h"

static void answer(const char *stage) {
  const char *said = strcmp(stage, "ok") ? ov_get_last_err_msg() : "";
  printf("\n@@ %s\n%s\n@@ end\n", stage, said ? said : "");
  fflush(stdout);
}

static void one(ov_core_t *core, char *line) {
  ov_property_t properties[32];
  size_t count = 0;
  char *model = strtok(line, "\t\r\n"), *word;
  while ((word = strtok(NULL, "\t\r\n")) && count < 32) {
    char *equals = strchr(word, '=');
    if (!equals) continue;
    *equals = 0;
    properties[count].key = word;
    properties[count++].value = equals + 1;
  }
  ov_model_t *read = NULL;
  ov_compiled_model_t *compiled = NULL;
  if (!model || ov_core_read_model(core, model, NULL, &read) != OK) { answer("read"); return; }
  int failed = ov_core_compile_model_props(core, read, "NPU", count, properties, &compiled) != OK;
  answer(failed ? "compile" : "ok");
  if (compiled) ov_compiled_model_free(compiled);
  ov_model_free(read);
}

int main(void) {
  static char line[65536];
  ov_core_t *core = NULL;
  setvbuf(stdout, NULL, _IONBF, 0);
  if (ov_core_create(&core) != OK) return 1;
  printf("@@ ready\n");
  while (fgets(line, sizeof line, stdin)) one(core, line);
  return 0;
}
