import DaybookModel
import Files
import Glibc

@testable import SegmentLog

extension SimDisk: FileSystem {
  private func handle(_ file: File) throws(FileError) -> Handle {
    guard let handle = handles[file.descriptor] else {
      throw FileError(number: EBADF, operation: "use of file \(file.descriptor), which isn't open")
    }
    return handle
  }

  private func open(_ file: File) throws(FileError) -> (SimFile, path: String) {
    let handle = try handle(file)
    guard case .file(let opened) = handle.entry else {
      throw FileError(number: EISDIR, operation: "use of \(handle.path)")
    }
    return (opened, handle.path)
  }

  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File {
    let isNew = flags & O_CREAT != 0 && (try? entry(path)) == nil
    try begin(isNew ? .create : .open, path)
    if isNew {
      let (folder, name) = try place(path)
      folder.add(name, .file(SimFile()))
    }
    let entry = try entry(path)
    if flags & O_TRUNC != 0, case .file(let file) = entry { file.truncate(to: 0) }
    defer { nextHandle += 1 }
    handles[nextHandle] = Handle(entry: entry, path: path)
    return File(descriptor: nextHandle, path: path)
  }

  func close(_ file: File) { handles[file.descriptor] = nil }

  func read(
    _ file: File, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64
  ) throws(FileError) -> Int {
    let (file, path) = try open(file)
    try begin(.read, path)
    let start = Int(position)
    guard start < file.cache.count else { return 0 }
    let count = min(bytes.count, file.cache.count - start)
    file.cache.withUnsafeBytes {
      bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
    }
    return count
  }

  func write(
    _ file: File, _ bytes: UnsafeRawBufferPointer, at position: UInt64
  ) throws(FileError) {
    let (file, path) = try open(file)
    let needsRoom = Int(position) + bytes.count > file.allocated
    try begin(.write, path, needsRoom: needsRoom) { random in
      let part = UnsafeRawBufferPointer(rebasing: bytes[0..<random.below(bytes.count + 1)])
      file.write(part, at: Int(position))
    }
    file.write(bytes, at: Int(position))
  }

  func syncData(_ file: File) throws(FileError) {
    let (file, path) = try open(file)
    do throws(FileError) {
      try begin(.syncData, path)
    } catch {
      if !isDead { file.failSync(&random) }
      throw error
    }
    file.sync()
  }

  func sync(_ file: File) throws(FileError) {
    let handle = try handle(file)
    switch handle.entry {
    case .file: try syncData(file)
    case .folder(let folder):
      try begin(.sync, handle.path)
      folder.sync()
    }
  }

  func allocate(_ file: File, bytes: UInt64) throws(FileError) {
    let (file, path) = try open(file)
    try begin(.allocate, path, needsRoom: true) { random in
      file.grow(to: random.below(Int(bytes) + 1))
    }
    file.grow(to: Int(bytes))
  }

  func truncate(_ file: File, to bytes: UInt64) throws(FileError) {
    let (file, path) = try open(file)
    try begin(.truncate, path)
    file.truncate(to: Int(bytes))
  }

  func size(_ file: File) throws(FileError) -> UInt64 {
    let (file, path) = try open(file)
    try begin(.size, path)
    return UInt64(file.cache.count)
  }

  func rename(_ from: String, to: String) throws(FileError) {
    let (folder, name) = try place(from)
    let (target, newName) = try place(to)
    precondition(folder === target, "renames stay within a folder")
    guard folder.entries[name] != nil else {
      throw FileError(number: ENOENT, operation: "rename \(from)")
    }
    // Whether a rename that failed has happened is not known.
    try begin(.rename, to) { if $0.oneIn(2) { folder.rename(name, to: newName) } }
    // Others may have acted in between.
    guard folder.entries[name] != nil else {
      throw FileError(number: ENOENT, operation: "rename \(from)")
    }
    folder.rename(name, to: newName)
  }

  func renameIfAbsent(_ from: String, to: String) throws(FileError) {
    let (folder, name) = try place(to)
    guard folder.entries[name] == nil else {
      throw FileError(number: EEXIST, operation: "link to \(to)")
    }
    let (source, oldName) = try place(from)
    try begin(.rename, to) { if $0.oneIn(2) { source.rename(oldName, to: name) } }
    guard source.entries[oldName] != nil else {
      throw FileError(number: ENOENT, operation: "link \(from)")
    }
    guard folder.entries[name] == nil else {
      throw FileError(number: EEXIST, operation: "link to \(to)")
    }
    source.rename(oldName, to: name)
  }

  func identity(_ path: String) throws(FileError) -> FileIdentity {
    try begin(.identity, path)
    let file = try file(path)
    return FileIdentity(
      device: 1, inode: UInt64(UInt(bitPattern: ObjectIdentifier(file))),
      bytes: UInt64(file.cache.count), changedSeconds: Int64(file.changes), changedNanoseconds: 0)
  }

  func remove(_ path: String) throws(FileError) {
    let (folder, name) = try place(path)
    guard folder.entries[name] != nil else {
      throw FileError(number: ENOENT, operation: "remove \(path)")
    }
    try begin(.remove, path) { if $0.oneIn(2) { folder.remove(name) } }
    folder.remove(name)
  }

  func makeFolder(_ path: String) throws(FileError) {
    let (folder, name) = try place(path)
    guard folder.entries[name] == nil else {
      throw FileError(number: EEXIST, operation: "make \(path)")
    }
    try begin(.makeFolder, path)
    folder.add(name, .folder(SimFolder()))
  }

  func list(_ folder: String) throws(FileError) -> [String] {
    try begin(.list, folder)
    var names = try self.folder(folder).sorted.map(\.name)
    for last in names.indices.reversed() { names.swapAt(last, random.below(last + 1)) }
    return names
  }
}
