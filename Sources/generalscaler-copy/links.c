#include "copy.h"

#include <stdbool.h>
#include <string.h>

/// A link stays in the tree if ".." occurs only at its beginning, and at most as often as the link is deep: the names
/// after that go down, or through another such link. A ".." after a name could leave the tree, since the name may be a
/// link that leads to a higher directory.
const char *link_problem(const char *text, size_t depth) {
    if (text[0] == '/')
        return "is an absolute link, which would lead into the operator's image: make it relative (ln -sr)";
    size_t levels_up = 0;
    bool has_name = false;
    for (const char *part = text; *part != '\0';) {
        size_t size = strcspn(part, "/");
        if (size == 2 && part[0] == '.' && part[1] == '.') {
            if (has_name) return "is a link with \"..\" after a name: make it the shortest relative one (ln -sr)";
            if (++levels_up > depth)
                return "is a link that leaves the copied directory: put what it leads to into that directory, or copy a "
                       "directory that holds both";
        } else if (size > 0 && !(size == 1 && part[0] == '.')) {
            has_name = true;
        }
        part += size;
        part += strspn(part, "/");
    }
    return NULL;
}
