import type { RouteProfile } from '../../model/route-profile.ts';
import type { Service } from '../../model/service.ts';

/** What was made of a Service for the callers that use one profile, or none; kept for as long as both live. */
export class ByProfile<Value> {
  readonly #plain = new WeakMap<Service, Value>();
  readonly #profiled = new WeakMap<Service, WeakMap<RouteProfile, Value>>();

  get(service: Service, profile: RouteProfile | undefined): Value | undefined {
    return profile === undefined ? this.#plain.get(service) : this.#profiled.get(service)?.get(profile);
  }

  set(service: Service, profile: RouteProfile | undefined, value: Value): void {
    if (profile === undefined) {
      this.#plain.set(service, value);
      return;
    }
    const byProfile = this.#profiled.get(service) ?? new WeakMap<RouteProfile, Value>();
    this.#profiled.set(service, byProfile);
    byProfile.set(profile, value);
  }

  /** What was made, made once. */
  remember(service: Service, profile: RouteProfile | undefined, make: () => Value): Value {
    const known = this.get(service, profile);
    if (known !== undefined) return known;
    const value = make();
    this.set(service, profile, value);
    return value;
  }
}
