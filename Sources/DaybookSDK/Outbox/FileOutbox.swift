import NIOConcurrencyHelpers

/// An outbox in a file of its own.
///
/// Each `store` is one append and one fdatasync(2). A message that was being written when the process
/// or the machine stopped is dropped when the file is opened, for it was never sent; anything else
/// that is not as it was written is `outbox_corrupt`. The file is rewritten without what was answered
/// once that makes it much smaller. Beside it lies `<path>.lock`, which keeps two processes from using
/// it at once. Its format is drawn in `schemas/outbox-format.md`.
public final class FileOutbox: Outbox {
  private struct State: Sendable {
    var file: OutboxFile
    var contents: OutboxContents
    /// Where the next batch goes.
    var end: Int
    /// Up to where the file was synced.
    var durable: Int
    var isLoaded = false
    /// What can't be undone: nothing is written any more.
    var failure: ClientError?
  }

  /// Below that a file is not worth rewriting.
  private static let compactBytesMin = 65_536

  private let path: String
  private let lock: OutboxFile
  private let state: NIOLockedValueBox<State>

  /// Opens the file, or makes it, for its owner alone; its folder is there. Throws `outbox_in_use`
  /// while another process, or another outbox of this one, has it open; `outbox_corrupt` naming the
  /// byte; `outbox_failed`.
  public init(path: String) throws(ClientError) {
    let lock = try OutboxFile(path + ".lock")
    do throws(ClientError) {
      guard try lock.lock() else {
        throw ClientError(.outboxInUse, "another client has \(path) open: give each its own")
      }
      state = NIOLockedValueBox(try FileOutbox.open(path))
    } catch {
      lock.close()
      throw error
    }
    self.lock = lock
    self.path = path
  }

  deinit {
    state.withLockedValue { $0.file.close() }
    lock.close()
  }

  private static func open(_ path: String) throws(ClientError) -> State {
    let file = try OutboxFile(path)
    do throws(ClientError) {
      let bytes = try file.readAll()
      let scan = OutboxFormat.scan(bytes)
      if let rot = scan.rot {
        throw ClientError(
          .outboxCorrupt,
          "\(path) is damaged at byte \(rot): restore it, or remove it with the messages in it")
      }
      if let contents = scan.contents {
        try file.truncate(to: scan.end)
        // What is here is sent, and its numbers are never given again: it must not be gone later.
        try file.sync()
        return State(file: file, contents: contents, end: scan.end, durable: scan.end)
      }
    } catch {
      file.close()
      throw error
    }
    file.close()
    let state = try written(path, OutboxContents.random())
    try OutboxFile.replace(path, by: path + newSuffix)
    return state
  }

  private static let newSuffix = ".new"

  /// A file with these contents, to be put in the place of the one at `path`.
  private static func written(
    _ path: String, _ contents: OutboxContents
  ) throws(ClientError) -> State {
    let bytes = OutboxFormat.batch(
      [.origin(contents.origin, nextNumber: contents.nextNumber)]
        + (contents.owner.map { [.owner($0)] } ?? []) + contents.entries.map { .entry($0) },
      durable: 0)
    let file = try OutboxFile(path + newSuffix)
    do throws(ClientError) {
      try file.truncate(to: 0)
      try file.write(bytes, at: 0)
      try file.sync()
    } catch {
      file.close()
      throw error
    }
    return State(file: file, contents: contents, end: bytes.count, durable: bytes.count)
  }

  /// What earlier clients have left.
  public func load() throws(ClientError) -> OutboxContents {
    try change { state throws(ClientError) in
      guard !state.isLoaded else {
        throw ClientError(.outboxInUse, "another client uses \(path): give each its own")
      }
      state.isLoaded = true
      return state.contents
    }
  }

  /// Remembers the owner, durably.
  public func bind(to owner: String) throws(ClientError) {
    try change { state throws(ClientError) in
      try append([.owner(owner)], isSynced: true, &state)
      state.contents.owner = owner
    }
  }

  /// Adds messages, durably.
  public func store(_ entries: [OutboxEntry]) throws(ClientError) {
    try change { state throws(ClientError) in
      try append(entries.map { .entry($0) }, isSynced: true, &state)
      state.contents.store(entries)
      // Says, in bytes that come behind, that what is before them was synced: should it rot, it is
      // not taken for something that was being written.
      try? append([], isSynced: false, &state)
    }
  }

  /// Takes messages out.
  public func remove(_ numbers: [UInt64]) throws(ClientError) {
    try change { state throws(ClientError) in
      state.contents.remove(numbers)
      try append(numbers.map { .removed($0) }, isSynced: false, &state)
      let kept = state.contents.entries.reduce(0) { $0 + $1.bytes.count }
      if state.end > FileOutbox.compactBytesMin && state.end > 4 * kept { compact(&state) }
    }
  }

  /// Lets another client use it.
  public func release() { state.withLockedValue { $0.isLoaded = false } }

  private func change<Answer>(
    _ body: (inout State) throws(ClientError) -> Answer
  ) throws(ClientError) -> Answer {
    let outcome: Result<Answer, ClientError> = state.withLockedValue { state in
      if let failure = state.failure { return .failure(failure) }
      do throws(ClientError) {
        return .success(try body(&state))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private func append(
    _ records: [OutboxFormat.Record], isSynced: Bool, _ state: inout State
  ) throws(ClientError) {
    assert(state.durable <= state.end, "more is durable than was written")
    let bytes = OutboxFormat.batch(records, durable: state.durable)
    do throws(ClientError) {
      try state.file.write(bytes, at: state.end)
    } catch {
      // Nothing of it was promised to anybody.
      do throws(ClientError) {
        try state.file.truncate(to: state.end)
      } catch {
        state.failure = error
      }
      throw error
    }
    if isSynced {
      do throws(ClientError) {
        try state.file.sync()
      } catch {
        state.failure = error
        throw error
      }
      state.durable = state.end + bytes.count
    }
    state.end += bytes.count
  }

  /// Where there is no room for another file, this one stays as it is.
  private func compact(_ state: inout State) {
    guard var small = try? FileOutbox.written(path, state.contents) else { return }
    small.isLoaded = state.isLoaded
    do throws(ClientError) {
      try OutboxFile.replace(path, by: path + FileOutbox.newSuffix)
    } catch {
      // Which of the two a power cut would leave is not known.
      small.failure = error
    }
    state.file.close()
    state = small
  }
}
