/* bcryptprimitives.dll for a wine that is older than the function Rust's standard library imports from it. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T size) {
    while (size) {
        ULONG step = size > 1u << 20 ? 1u << 20 : (ULONG)size;
        if (!SystemFunction036(buffer, step)) return FALSE;
        buffer += step;
        size -= step;
    }
    return TRUE;
}
