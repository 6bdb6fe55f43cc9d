import Glibc
@_spi(CustomByteBufferAllocator) import NIOCore

/// Where the buffers of TLS lie. It makes two for each connection, of 32 and 16 KiB, and an idle one uses some hundred
/// bytes of each. What malloc gives was often somebody else's before, as after many connections that came and went:
/// then all of its pages are in memory. So those of large buffers are given back to the system, which gives them
/// again, one by one, as they are used.
enum FreshPages {
  /// From this size on.
  private static let bytesMin = 16_384
  private static let pageBytes = UInt(sysconf(Int32(_SC_PAGESIZE)))

  static let allocator = ByteBufferAllocator(
    allocate: { size in FreshPages.giveUp(malloc(size), from: 0, to: size) },
    reallocate: { pointer, oldSize, newSize in
      FreshPages.giveUp(realloc(pointer, newSize), from: min(oldSize, newSize), to: newSize)
    },
    deallocate: { free($0) },
    copy: { $0.copyMemory(from: $1, byteCount: $2) })

  /// Whole pages of what nobody has written to yet.
  private static func giveUp(
    _ pointer: UnsafeMutableRawPointer?, from first: Int, to end: Int
  ) -> UnsafeMutableRawPointer? {
    guard let pointer, end >= bytesMin else { return pointer }
    let address = UInt(bitPattern: pointer)
    let start = (address + UInt(first) + pageBytes - 1) & ~(pageBytes - 1)
    let stop = (address + UInt(end)) & ~(pageBytes - 1)
    if start < stop {
      madvise(UnsafeMutableRawPointer(bitPattern: start), Int(stop - start), MADV_DONTNEED)
    }
    return pointer
  }
}
