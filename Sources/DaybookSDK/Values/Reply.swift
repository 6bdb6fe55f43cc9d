import DaybookModel
import NIOConcurrencyHelpers
import NIOCore

/// One answer, for one who waits. The first counts: the server's, a deadline's, or a cancellation's.
final class Reply<Answer: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Result<Answer, ClientError>, Never>)
    case answered(Result<Answer, ClientError>)
  }

  private let state = NIOLockedValueBox(State.open)

  func complete(_ outcome: Result<Answer, ClientError>) {
    let waiter = state.withLockedValue {
      state -> CheckedContinuation<Result<Answer, ClientError>, Never>? in
      switch state {
      case .open:
        state = .answered(outcome)
        return nil
      case .awaited(let waiter):
        state = .answered(outcome)
        return waiter
      case .answered: return nil
      }
    }
    waiter?.resume(returning: outcome)
  }

  func succeed(_ answer: Answer) { complete(.success(answer)) }

  func fail(_ error: DaybookError) { complete(.failure(ClientError(error))) }

  /// The answer, whatever happens to the task meanwhile.
  func answer() async throws(ClientError) -> Answer {
    let outcome: Result<Answer, ClientError> = await withCheckedContinuation { continuation in
      let outcome = state.withLockedValue { state -> Result<Answer, ClientError>? in
        if case .answered(let outcome) = state { return outcome }
        state = .awaited(continuation)
        return nil
      }
      if let outcome { continuation.resume(returning: outcome) }
    }
    return try outcome.get()
  }

  /// The answer, unless the task is cancelled (`cancelled`), or its deadline or else `limit` passes
  /// (`deadline_exceeded`), before it comes.
  func answer(on loop: any EventLoop, within limit: Duration?) async throws(ClientError) -> Answer {
    let end = CallDeadline.current ?? limit.map { .now() + TimeAmount($0) }
    let timer = end.map { end in
      loop.scheduleTask(deadline: end) {
        self.complete(
          .failure(
            ClientError(.deadlineExceeded, "no answer came in time: ask again, or wait longer")))
      }
    }
    defer { timer?.cancel() }
    let outcome: Result<Answer, ClientError> = await withTaskCancellationHandler {
      do throws(ClientError) {
        return .success(try await answer())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      complete(.failure(ClientError(.cancelled, "the task that waited was cancelled")))
    }
    return try outcome.get()
  }
}

/// What the commands of a task belong to (`DaybookClient.withTraceID`).
enum CallTrace {
  @TaskLocal static var current: TraceID?
}

/// Until when the answers are waited for that a task asks for (`DaybookClient.withDeadline`).
enum CallDeadline {
  @TaskLocal static var current: NIODeadline?
}
