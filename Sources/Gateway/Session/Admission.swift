import DaybookModel
import Ports
import Requests
import WireProtocol

/// Whether what a session's client asks is taken now: its user may do only so much, and so may all together. A service
/// acts for many, and is its operator's own; while there is too much to do its frames wait.
struct Admission {
  /// Nil for a service.
  private let user: UserID?
  private let settings: SessionSettings
  private let load: LoopLoad

  init(_ user: UserID?, _ settings: SessionSettings, _ load: LoopLoad) {
    self.user = user
    self.settings = settings
    self.load = load
  }

  /// Throws `overloaded`, with when to come again.
  func admit(_ request: CommandRequest, _ type: FrameType) throws(DaybookError) {
    guard let user else { return }
    guard type != .read else {
      if load.isHigh { try load.admit(.read) }
      return
    }
    try settings.rates.admit(.sends, of: user, now: settings.clock.uptime())
    if load.isHigh { try load.admit(request.isForOneUser ? .direct : .group) }
  }

  /// The same of a question, of which nothing has been looked at.
  func admitQuery() throws(DaybookError) {
    guard let user else { return }
    if load.isHigh { try load.admit(.query) }
    try settings.rates.admit(.queries, of: user, now: settings.clock.uptime())
  }
}
