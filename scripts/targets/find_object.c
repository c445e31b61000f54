/* Lets gcc's unwinder work in a static musl program: it asks `_dl_find_object`, which glibc has and musl has not.
   Answers with the loaded segment that holds the address, as `dl_iterate_phdr` tells it. */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>

/* The unwinder refers to these weakly, which alone pulls nothing out of a static library. */
void *const find_object_needs[] = {pthread_once,         pthread_mutex_lock,  pthread_mutex_unlock,
                                   pthread_key_create,   pthread_key_delete,  pthread_getspecific,
                                   pthread_setspecific};

struct found {
    unsigned long long flags;
    void *start, *end;
    struct link_map *map;
    void *eh_frame;
    unsigned long long reserved[7];
};

struct wanted {
    ElfW(Addr) address;
    struct found *found;
};

static int look(struct dl_phdr_info *info, size_t size, void *data) {
    struct wanted *wanted = data;
    ElfW(Addr) low = 0, high = 0, eh_frame = 0;
    int is_here = 0;
    (void)size;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[index];
        ElfW(Addr) start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
        if (header->p_type == PT_GNU_EH_FRAME) eh_frame = start;
        if (header->p_type != PT_LOAD) continue;
        if (!high || start < low) low = start;
        if (end > high) high = end;
        if (wanted->address >= start && wanted->address < end) is_here = 1;
    }
    if (!is_here || !eh_frame) return 0;
    wanted->found->flags = 0;
    wanted->found->start = (void *)low;
    wanted->found->end = (void *)high;
    wanted->found->map = 0;
    wanted->found->eh_frame = (void *)eh_frame;
    return 1;
}

int _dl_find_object(void *address, struct found *found) {
    struct wanted wanted = {(ElfW(Addr))address, found};
    return dl_iterate_phdr(look, &wanted) ? 0 : -1;
}
