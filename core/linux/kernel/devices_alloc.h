/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Behind all headers of a driver's file, and before its text: kmalloc() and its kin, by whatever name the tree has them, are
 * the table's (devices.h).
 */
#include "devices.h"

#undef kmalloc
#define kmalloc(bytes, gfp) mmfuzz_device_alloc(bytes)
#undef kzalloc
#define kzalloc(bytes, gfp) mmfuzz_device_alloc(bytes)
#undef kmalloc_array
#define kmalloc_array(nr, bytes, gfp) mmfuzz_device_alloc((nr) * (bytes))
#undef kmalloc_obj
#define kmalloc_obj(type, ...) ((typeof(type) *)mmfuzz_device_alloc(sizeof(type)))
#undef kzalloc_obj
#define kzalloc_obj(type, ...) ((typeof(type) *)mmfuzz_device_alloc(sizeof(type)))
#undef kmalloc_objs
#define kmalloc_objs(type, nr, ...) ((typeof(type) *)mmfuzz_device_alloc((nr) * sizeof(type)))
#undef kfree
#define kfree(object) mmfuzz_device_free(object)
#undef kstrdup
#define kstrdup(text, gfp) mmfuzz_device_print("%s", text)
#undef kasprintf
#define kasprintf(gfp, ...) mmfuzz_device_print(__VA_ARGS__)
#undef kmem_cache_create
#define kmem_cache_create(name, bytes, ...) ((void)(name), mmfuzz_device_cache(bytes))
#undef kmem_cache_destroy
#define kmem_cache_destroy(cache) mmfuzz_device_free(cache)
#undef kmem_cache_alloc
#define kmem_cache_alloc(cache, gfp) mmfuzz_device_alloc_of(cache)
#undef kmem_cache_zalloc
#define kmem_cache_zalloc(cache, gfp) mmfuzz_device_alloc_of(cache)
#undef kmem_cache_free
#define kmem_cache_free(cache, object) mmfuzz_device_free(object)
