/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated frames: PAGE_SIZE bytes of address space each, of which the first few stand for the contents
 * (MMFUZZ_CELL), or hold the objects of a slab. Large pages make sections of few frames, for a section of Linux's has 2 MiB at least.
 */
#ifndef ASM_MMFUZZ_PAGE_H
#define ASM_MMFUZZ_PAGE_H

#include <linux/const.h>

#include <asm/sparsemem.h>

#define PAGE_SHIFT	CONFIG_PAGE_SHIFT
#define PAGE_SIZE	(_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

/* log2 of frames in a pageblock is the machine's, by way of the size of a huge page. */
#ifndef __ASSEMBLY__
extern unsigned int mmfuzz_block_order;
#endif
#define HPAGE_SHIFT	(PAGE_SHIFT + mmfuzz_block_order)
#define HPAGE_SIZE	(_AC(1, UL) << HPAGE_SHIFT)
#define HPAGE_MASK	(~(HPAGE_SIZE - 1))
#define HUGETLB_PAGE_ORDER (HPAGE_SHIFT - PAGE_SHIFT)

#ifndef __ASSEMBLY__

#include <linux/string.h>

struct page;

/* Bytes of a frame that are its contents. */
#define MMFUZZ_CELL 64ul

/* Where frame 0 is: a mapping that costs nothing until it is touched. */
extern unsigned long mmfuzz_ram;

#define PAGE_OFFSET	mmfuzz_ram

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x)	((x).pte)
#define pmd_val(x)	((x).pmd)
#define pgd_val(x)	((x).pgd)
#define pgprot_val(x)	((x).pgprot)
#define __pte(x)	((pte_t){ (x) })
#define __pmd(x)	((pmd_t){ (x) })
#define __pgd(x)	((pgd_t){ (x) })
#define __pgprot(x)	((pgprot_t){ (x) })

#define __pa(x)		((unsigned long)(x) - PAGE_OFFSET)
#define __pa_symbol(x)	__pa(x)
#define __va(x)		((void *)((unsigned long)(x) + PAGE_OFFSET))

static inline void clear_page(void *page)
{
	memset(page, 0, MMFUZZ_CELL);
}

static inline void copy_page(void *to, const void *from)
{
	memcpy(to, from, MMFUZZ_CELL);
}

#define clear_user_page(page, vaddr, pg)	clear_page(page)
#define copy_user_page(to, from, vaddr, pg)	copy_page(to, from)
#define __HAVE_ARCH_COPY_HIGHPAGE
#define __HAVE_ARCH_COPY_USER_HIGHPAGE
void copy_highpage(struct page *to, struct page *from);
#define copy_user_highpage(to, from, vaddr, vma) copy_highpage(to, from)

#define virt_to_pfn(kaddr)	(__pa(kaddr) >> PAGE_SHIFT)
#define pfn_to_virt(pfn)	__va((unsigned long)(pfn) << PAGE_SHIFT)
extern struct page mmfuzz_no_page;
#define virt_to_page(addr)	\
	((unsigned long)(addr) - PAGE_OFFSET < 1ul << MAX_PHYSMEM_BITS ? pfn_to_page(virt_to_pfn(addr)) : &mmfuzz_no_page)
/* Objects of the host's memory are none of the simulated RAM. */
#define virt_addr_valid(kaddr)	((unsigned long)(kaddr) >= PAGE_OFFSET && pfn_valid(virt_to_pfn(kaddr)))

/* Frames leave the allocator, and enter it. */
#define HAVE_ARCH_ALLOC_PAGE
#define HAVE_ARCH_FREE_PAGE
void arch_alloc_page(struct page *page, int order);
void arch_free_page(struct page *page, int order);

#include <asm-generic/memory_model.h>
#ifndef page_to_phys
#define page_to_phys(page) ((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#endif
#include <asm-generic/getorder.h>

#endif

#endif /* ASM_MMFUZZ_PAGE_H */
