import DaybookModel
import Ports

extension Syncing {
  /// What has become of an event that has committed.
  enum Committed: Equatable {
    case notFollowed
    /// It is kept for later, or was seen before.
    case held
    /// `mayOpen`: with it, a stream may be there to be opened.
    case pushed(mayOpen: Bool)
    /// The stream is to be taken further from the log: `advance`.
    case fellBehind
    /// Some before it are missing.
    case gap
  }

  /// What has become of a page.
  enum PageTaken {
    /// Nobody wants it, or there was no room: it is read again.
    case dropped
    /// What of it was pushed.
    case pushed(ArraySlice<StreamEvent>)
    /// It can't be read, and costs its stream.
    case ended
    case failed(DaybookError)
  }
}
