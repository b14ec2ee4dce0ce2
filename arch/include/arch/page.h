/* page.h: whole pages, page-aligned, at full speed. */
#ifndef ARCH_PAGE_H
#define ARCH_PAGE_H

void page_zero(void *page);
void page_copy(void *to, const void *from);

#endif
