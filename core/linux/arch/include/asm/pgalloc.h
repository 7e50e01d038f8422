/* SPDX-License-Identifier: GPL-2.0-only */
/* Nobody has page tables. */
#ifndef ASM_MMFUZZ_PGALLOC_H
#define ASM_MMFUZZ_PGALLOC_H

#define pmd_populate(mm, pmd, table)	    do { } while (0)
#define pmd_populate_kernel(mm, pmd, table) do { } while (0)
#define pud_populate(mm, pud, table)	    do { } while (0)
#define pmd_free(mm, pmd)		    do { } while (0)
#define pte_alloc_one(mm)		    ((pgtable_t)0)
#define pte_free(mm, table)		    do { } while (0)

#endif /* ASM_MMFUZZ_PGALLOC_H */
