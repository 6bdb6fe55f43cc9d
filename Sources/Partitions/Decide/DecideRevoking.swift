import DaybookModel

/// Tokens that are made void, and whether one is.
extension MailboxState {
  /// Of the mailbox's owner, or of the service of that name, which comes without a device.
  func decideCheck(_ token: TokenStamp, _ draft: Draft) -> Decision {
    guard !revocations.cover(token, of: draft.actor.device) else {
      return .reject(.tokenIsRevoked)
    }
    return draft.tell()
  }

  func decideRevoke(_ revoked: Revocation, _ draft: Draft) -> Decision {
    guard revocations.isNew(revoked) else { return draft.nothingToDo() }
    guard revocations.hasRoom(for: revoked) else {
      let holder = revoked.isOfService ? "the service" : "the user"
      return .reject(
        .tooManyRevocations,
        "\(Limits.revocationsMax) tokens or devices of \(holder) are void by name: make all of its tokens "
          + "void, and give it new ones")
    }
    return draft.append(.tokensRevoked(revoked), after: head)
  }
}
