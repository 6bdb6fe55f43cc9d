import NIOConcurrencyHelpers

/// An outbox in memory: for tests, and for messages that are to survive a client but not the process.
public final class MemoryOutbox: Outbox {
  private let state = NIOLockedValueBox((contents: OutboxContents.random(), isLoaded: false))

  /// An empty one.
  public init() {}

  /// What earlier clients have left.
  public func load() throws(ClientError) -> OutboxContents {
    let contents = state.withLockedValue { state -> OutboxContents? in
      if state.isLoaded { return nil }
      state.isLoaded = true
      return state.contents
    }
    guard let contents else {
      throw ClientError(.outboxInUse, "another client uses this outbox: give each its own")
    }
    return contents
  }

  /// Remembers the owner.
  public func bind(to owner: String) { state.withLockedValue { $0.contents.owner = owner } }

  /// Adds messages.
  public func store(_ entries: [OutboxEntry]) {
    state.withLockedValue { $0.contents.store(entries) }
  }

  /// Takes messages out.
  public func remove(_ numbers: [UInt64]) {
    state.withLockedValue { $0.contents.remove(numbers) }
  }

  /// Lets another client use it.
  public func release() { state.withLockedValue { $0.isLoaded = false } }
}
