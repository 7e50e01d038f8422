/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables that nobody walks: there is no user space. The types and constants that mm's headers ask for.
 */
#ifndef ASM_MMFUZZ_PGTABLE_H
#define ASM_MMFUZZ_PGTABLE_H

#include <asm/page.h>

#define PTRS_PER_PTE	512
#define PTRS_PER_PMD	512
#define PTRS_PER_PGD	512
#define PMD_SHIFT	HPAGE_SHIFT
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PGDIR_SHIFT	(PMD_SHIFT + 9)
#define PGDIR_SIZE	(1UL << PGDIR_SHIFT)
#define PGDIR_MASK	(~(PGDIR_SIZE - 1))
#define USER_PTRS_PER_PGD 256
#define FIRST_USER_ADDRESS 0UL

#include <asm-generic/pgtable-nopud.h>

/* Where the memmap is; see page.h. */
extern unsigned long mmfuzz_memmap;
#define vmemmap		((struct page *)mmfuzz_memmap)
#define VMEMMAP_START	mmfuzz_memmap
#define VMALLOC_START	0x100000000000UL
#define VMALLOC_END	0x200000000000UL
#define MODULES_VADDR	VMALLOC_START
#define MODULES_END	VMALLOC_END

#define PAGE_NONE	__pgprot(0)
#define PAGE_SHARED	__pgprot(1)
#define PAGE_COPY	__pgprot(2)
#define PAGE_READONLY	__pgprot(3)
#define PAGE_KERNEL	__pgprot(4)
#define PAGE_KERNEL_RO	__pgprot(5)
#define PAGE_KERNEL_EXEC __pgprot(6)

#ifndef __ASSEMBLY__

#define PFN_PTE_SHIFT	PAGE_SHIFT
#define PTE_PRESENT	1UL
#define PTE_WRITE	2UL
#define PTE_DIRTY	4UL
#define PTE_YOUNG	8UL
#define PTE_HUGE	16UL

static inline int pte_none(pte_t pte) { return !pte_val(pte); }
static inline int pte_present(pte_t pte) { return pte_val(pte) & PTE_PRESENT; }
static inline int pte_write(pte_t pte) { return !!(pte_val(pte) & PTE_WRITE); }
static inline int pte_dirty(pte_t pte) { return !!(pte_val(pte) & PTE_DIRTY); }
static inline int pte_young(pte_t pte) { return !!(pte_val(pte) & PTE_YOUNG); }
static inline pte_t pte_wrprotect(pte_t pte) { return __pte(pte_val(pte) & ~PTE_WRITE); }
static inline pte_t pte_mkwrite_novma(pte_t pte) { return __pte(pte_val(pte) | PTE_WRITE); }
static inline pte_t pte_mkclean(pte_t pte) { return __pte(pte_val(pte) & ~PTE_DIRTY); }
static inline pte_t pte_mkdirty(pte_t pte) { return __pte(pte_val(pte) | PTE_DIRTY); }
static inline pte_t pte_mkold(pte_t pte) { return __pte(pte_val(pte) & ~PTE_YOUNG); }
static inline pte_t pte_mkyoung(pte_t pte) { return __pte(pte_val(pte) | PTE_YOUNG); }
static inline pte_t pte_modify(pte_t pte, pgprot_t prot) { return pte; }
#define pte_pfn(pte)	(pte_val(pte) >> PAGE_SHIFT)
#define pfn_pte(pfn, prot) __pte(((unsigned long)(pfn) << PAGE_SHIFT) | PTE_PRESENT)
#define pte_page(pte)	pfn_to_page(pte_pfn(pte))
#ifndef HAVE_MK_PTE
#define mk_pte(page, prot) pfn_pte(page_to_pfn(page), prot)
#endif
#define set_pte(ptep, pte) (*(ptep) = (pte))
#define pte_clear(mm, addr, ptep) set_pte(ptep, __pte(0))
#define set_ptes set_ptes
static inline void set_ptes(struct mm_struct *mm, unsigned long addr, pte_t *ptep, pte_t pte, unsigned int nr)
{
}
#define pte_next_pfn(pte) __pte(pte_val(pte) + PAGE_SIZE)

static inline int pmd_none(pmd_t pmd) { return !pmd_val(pmd); }
static inline int pmd_present(pmd_t pmd) { return pmd_val(pmd) & PTE_PRESENT; }
static inline int pmd_bad(pmd_t pmd) { return 0; }
#define pmd_leaf pmd_leaf
static inline bool pmd_leaf(pmd_t pmd) { return pmd_val(pmd) & PTE_HUGE; }
static inline int pmd_trans_huge(pmd_t pmd) { return pmd_leaf(pmd); }
static inline int pmd_write(pmd_t pmd) { return !!(pmd_val(pmd) & PTE_WRITE); }
#define pmd_write pmd_write
static inline int pmd_dirty(pmd_t pmd) { return !!(pmd_val(pmd) & PTE_DIRTY); }
#define pmd_dirty pmd_dirty
static inline int pmd_young(pmd_t pmd) { return !!(pmd_val(pmd) & PTE_YOUNG); }
#define pmd_young pmd_young
static inline pmd_t pmd_mkdirty(pmd_t pmd) { return __pmd(pmd_val(pmd) | PTE_DIRTY); }
static inline pmd_t pmd_mkclean(pmd_t pmd) { return __pmd(pmd_val(pmd) & ~PTE_DIRTY); }
static inline pmd_t pmd_mkyoung(pmd_t pmd) { return __pmd(pmd_val(pmd) | PTE_YOUNG); }
static inline pmd_t pmd_mkold(pmd_t pmd) { return __pmd(pmd_val(pmd) & ~PTE_YOUNG); }
static inline pmd_t pmd_mkwrite_novma(pmd_t pmd) { return __pmd(pmd_val(pmd) | PTE_WRITE); }
static inline pmd_t pmd_wrprotect(pmd_t pmd) { return __pmd(pmd_val(pmd) & ~PTE_WRITE); }
static inline pmd_t pmd_mkhuge(pmd_t pmd) { return __pmd(pmd_val(pmd) | PTE_HUGE); }
static inline pmd_t pmd_mkinvalid(pmd_t pmd) { return __pmd(pmd_val(pmd) & ~PTE_PRESENT); }
static inline pmd_t pmd_modify(pmd_t pmd, pgprot_t prot) { return pmd; }
#define pmd_pfn(pmd)	(pmd_val(pmd) >> PAGE_SHIFT)
#define pfn_pmd(pfn, prot) __pmd(((unsigned long)(pfn) << PAGE_SHIFT) | PTE_PRESENT)
#define pmd_page(pmd)	pfn_to_page(pmd_pfn(pmd))
#define mk_pmd(page, prot) pfn_pmd(page_to_pfn(page), prot)
#define pmd_page_vaddr(pmd) ((unsigned long)__va(pmd_val(pmd) & PAGE_MASK))
#define pmd_pgtable(pmd) pmd_page(pmd)
#define pmd_clear(pmdp)	(*(pmdp) = __pmd(0))
#define set_pmd(pmdp, pmd) (*(pmdp) = (pmd))
#define set_pmd_at(mm, addr, pmdp, pmd) set_pmd(pmdp, pmd)

static inline int pud_none(pud_t pud) { return !pud_val(pud); }
static inline int pud_present(pud_t pud) { return pud_val(pud) & PTE_PRESENT; }
static inline int pud_bad(pud_t pud) { return 0; }
#define pud_page(pud)	pfn_to_page(pud_val(pud) >> PAGE_SHIFT)
#define pud_pgtable(pud) ((pmd_t *)__va(pud_val(pud) & PAGE_MASK))
#define pud_clear(pudp)	(*(pudp) = __pud(0))
#define set_pud(pudp, pud) (*(pudp) = (pud))

/* Kept in the bits below the frame. */
#define __swp_type(x)		((x).val & 0x3f)
#define __swp_offset(x)		((x).val >> 6)
#define __swp_entry(type, off)	((swp_entry_t){ (type) | ((off) << 6) })
#define __pte_to_swp_entry(pte)	((swp_entry_t){ pte_val(pte) >> 8 })
#define __swp_entry_to_pte(x)	__pte((x).val << 8)
#define __pmd_to_swp_entry(pmd)	((swp_entry_t){ pmd_val(pmd) >> 8 })
#define __swp_entry_to_pmd(x)	__pmd((x).val << 8)
static inline int pte_swp_exclusive(pte_t pte) { return 0; }
static inline pte_t pte_swp_mkexclusive(pte_t pte) { return pte; }
static inline pte_t pte_swp_clear_exclusive(pte_t pte) { return pte; }

#define update_mmu_cache_range(vmf, vma, addr, ptep, nr) do { } while (0)
#define update_mmu_cache(vma, addr, ptep) do { } while (0)
#define update_mmu_cache_pmd(vma, addr, pmd) do { } while (0)
extern pgd_t swapper_pg_dir[PTRS_PER_PGD];
#define ZERO_PAGE(vaddr) pfn_to_page(0)

#endif

#endif /* ASM_MMFUZZ_PGTABLE_H */
