import DaybookModel
import Logging
import NIOCore

/// Asking the application for a token.
struct TokenRenewal {
  /// Of the question that is under way, or the last one.
  private(set) var round: UInt64 = 0
  private var asking: Task<Void, Never>?
  private var deadline: Scheduled<Void>?
  /// The server took a token of the provider since it last said that one had expired.
  private var isTrusted = true

  mutating func begin(_ ask: (UInt64) -> (Task<Void, Never>, Scheduled<Void>)) {
    round += 1
    (asking, deadline) = ask(round)
  }

  /// What comes of the question that is under way counts no more.
  mutating func end() {
    round += 1
    asking?.cancel()
    deadline?.cancel()
    (asking, deadline) = (nil, nil)
  }

  mutating func opened() { isTrusted = true }

  /// A token that has expired is worth another one at once; if that has too, there is a pause.
  mutating func isWorthTrying(after error: DaybookError) -> Bool {
    guard error.code == .expiredToken else { return false }
    defer { isTrusted = false }
    return isTrusted
  }
}

extension ClientEngine {
  func askForToken(_ provider: @escaping ClientConfiguration.TokenProvider) {
    renewal.begin { round in
      let asking = Task { [weak self] in
        let outcome: Result<String, DaybookError>
        do {
          outcome = .success(try await provider())
        } catch let error as ClientError {
          outcome = .failure(error.asDaybookError)
        } catch {
          outcome = .failure(
            DaybookError(.tokenUnavailable, "the token provider failed: \(error)", cause: error))
        }
        self?.submit(.token(round: round, outcome))
      }
      let deadline = loop.scheduleTask(in: TimeAmount(configuration.connectDeadline)) { [self] in
        let error = DaybookError(.tokenUnavailable, "the token provider did not answer in time")
        gotToken(round, .failure(error))
        perform()
      }
      return (asking, deadline)
    }
  }

  func gotToken(_ round: UInt64, _ outcome: Result<String, DaybookError>) {
    guard round == renewal.round, !isOver else { return }
    renewal.end()
    switch outcome {
    case .success(let token):
      core.settings.token = token
      logger.debug("the application has given a token")
      openConnection()
    case .failure(let error) where error.code.isTemporary:
      lastError = error
      tryAgain()
    case .failure(let error): stop(error)
    }
  }
}
