package import DaybookModel
package import Ports

/// A read of a group. How far a user has read stands in the user's mailbox; whether the user may read
/// the group, and how far it goes, the group's owner knows, who is asked first: `stream` is to be
/// inspected, and its answer given to `command(at:)`. Where that fails, `refusal(of:)` is what to submit.
package struct GroupRead: Sendable, Equatable {
  package let group: GroupID
  package let upTo: Seq
  private let user: UserID

  package init(_ group: GroupID, upTo: Seq, by user: UserID) {
    self.group = group
    self.upTo = upTo
    self.user = user
  }

  package var stream: StreamKey { .group(group) }

  /// Throws `not_a_member`, `seq_past_head`.
  package func command(
    at position: StreamPosition
  ) throws(DaybookError) -> (stream: StreamKey, body: Command.Body) {
    guard position.role != nil else { throw notAMember }
    guard upTo <= position.head else {
      throw DaybookError(
        .seqPastHead, "\(stream) ends at seq \(position.head), before \(upTo)")
    }
    return (.user(user), .readGroup(group, upTo: upTo, position.reading))
  }

  /// It may have been done when it came first, and the answer to that may have been lost: the mailbox's
  /// owner knows. Nil where the error itself is the answer, for it passes.
  package func refusal(
    of error: DaybookError
  ) -> (stream: StreamKey, body: Command.Body)? {
    guard !error.code.isTemporary else { return nil }
    return (.user(user), .refused(error.code == .groupDissolved ? notAMember : error))
  }

  private var notAMember: DaybookError {
    DaybookError(.notAMember, "\(user) is not a member of \(stream); join it first")
  }
}
