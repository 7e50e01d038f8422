/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nothing is executed.
 */
#ifndef ASM_MMFUZZ_ELF_H
#define ASM_MMFUZZ_ELF_H

#define ELF_CLASS	ELFCLASS64
#define ELF_DATA	ELFDATA2LSB
#define ELF_ARCH	EM_X86_64
typedef unsigned long elf_greg_t;
typedef elf_greg_t elf_gregset_t[1];
typedef unsigned long elf_fpregset_t[1];
#define elf_check_arch(x) 1
#define ELF_PLATFORM	(0)
#define ELF_HWCAP	0
#define ELF_ET_DYN_BASE	0UL
#define CORE_DUMP_USE_REGSET
#define ELF_EXEC_PAGESIZE PAGE_SIZE

#endif /* ASM_MMFUZZ_ELF_H */
